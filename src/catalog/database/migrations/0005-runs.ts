// The runs of a file: an image of the disk that is put back and written to must not pass for the history that followers know.

/** The fifth schema. */
export const runs = `
CREATE TABLE run (
  number         INTEGER PRIMARY KEY, -- rises
  name           TEXT NOT NULL UNIQUE, -- random
  first_revision INTEGER NOT NULL -- of meta when the run began; the one before ended there
) STRICT;
`;
