"""pandas aggregates results into HTML, JUnit and JSON."""
