"""What every stage shares: parameters, files, packed image sets, model files, progress, errors."""
