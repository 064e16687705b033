-- What the notification to Roskomnadzor is about (152-FZ art. 22), as words such as
-- `purpose:newsletter`: since when it is done, until when it was, and when the authority was told of
-- the last change. NULL: not told yet.
CREATE TABLE processing_known (
    word TEXT PRIMARY KEY,
    began_on TEXT NOT NULL,
    ended_on TEXT,
    told_on TEXT,
    told_by TEXT
) {strict};
