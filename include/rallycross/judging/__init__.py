"""SLA and statistics: folds over samples; the verdict."""
