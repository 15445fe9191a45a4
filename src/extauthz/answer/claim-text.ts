// A claim that is handed on, as a text for headers and metadata.

/**
 * A text as it is, anything else (numbers, lists, objects) as JSON; undefined where the token has no such claim. Whether a claim is a
 * text is known to whoever maps it: a text that looks like JSON is not told from that JSON.
 */
export function claimText(claims: Readonly<Record<string, string>>, name: string): string | undefined {
  const json = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (json === undefined || !json.startsWith('"')) return json;
  return JSON.parse(json) as string;
}
