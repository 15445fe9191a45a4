// Names what went wrong with Redis in one short word that is safe in a log: an error's message may quote commands, keys or addresses.

const NAMED_BY_REDIS = /^([A-Z]{2,24})(?: |$)/;
const NAMED_BY_SYSTEM = /^[A-Z][A-Z0-9_]{2,40}$/;

/** `econnrefused`, `WRONGPASS`, `LOADING`, … */
export function problemCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, lastNodeError } = error as { code?: unknown; lastNodeError?: unknown };
  if (lastNodeError instanceof Error) return problemCode(lastNodeError);
  if (typeof code === 'string' && NAMED_BY_SYSTEM.test(code)) return code.toLowerCase();
  if (isReplyError(error)) return NAMED_BY_REDIS.exec(error.message)?.[1] ?? 'reply_error';
  return error.message.startsWith('All sentinels are unreachable') ? 'sentinels_unreachable' : 'connection_failed';
}

/** An error that Redis answered, as against none at all. */
export function isReplyError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
