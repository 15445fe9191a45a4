// The one error of the catalog: the catalog's database cannot be used, so the program must not start with it.

/** A boot failure. The message names the file, what is wrong with it and what to do; nothing was deleted or changed. */
export class CatalogUnusable extends Error {
  override readonly name = 'CatalogUnusable';
  readonly file: string;
  readonly problem: string;
  readonly fix: string;

  constructor(file: string, problem: string, fix: string) {
    super(`catalog file ${file} ${problem}. Fix: ${fix}`);
    this.file = file;
    this.problem = problem;
    this.fix = fix;
  }
}
