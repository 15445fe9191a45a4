// The headers of a request as they go out: the caller's, without those that are the door's own to set.

/** Headers that say how a message travels, and to whom: the door's own to set (RFC 9110 §7.6.1, §7.2). */
const OWN_HEADERS = new Set([
  ...['host', 'accept-encoding', 'connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'proxy-authorization', 'proxy-connection'],
]);

/** With lower-case names. No compression is asked for: what is bounded are the bytes that arrive. */
export function passedOn(headers: Readonly<Record<string, string>>): Record<string, string> {
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const passed = lowered.filter(([name]) => !OWN_HEADERS.has(name));
  return { 'user-agent': 'gatehouse', ...Object.fromEntries(passed), 'accept-encoding': 'identity' };
}
