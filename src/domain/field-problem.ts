// One thing that is wrong with what somebody wants to write, in a form that every side can tell: a file with a line, HTTP with a name.

/** A field at fault, '' for the whole, with a sentence `what is wrong; what to do`. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}
