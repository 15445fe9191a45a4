// Says why a server gave no answer, and what to look at where nothing was reached.

/** google.rpc.Code DEADLINE_EXCEEDED and UNAVAILABLE: nobody was there, or nobody answered. */
const NOBODY: readonly unknown[] = [4, 14];

/** A sentence for whoever asked. */
export function describeNoAnswer(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // grpc-js ends some of its messages with a note that is empty for addresses without a name.
  const sentence = `no answer from the server: ${message.replace(/\.? Resolution note:\s*$/, '')}`;
  const nobody = error instanceof Error && 'code' in error && NOBODY.includes(error.code);
  return nobody ? `${sentence}. Is it serving? See --target.` : sentence;
}
