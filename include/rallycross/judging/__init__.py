"""SLA and statistics, as folds over samples; and the verdict."""
