"""The store (SQLAlchemy) and the sample files (Arrow)."""
