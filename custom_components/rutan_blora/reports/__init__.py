"""Reports: what the journal holds of a period, on paper and for spreadsheets."""
