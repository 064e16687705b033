//! Whoever gets data from us, and what they are told when the data change or go.
