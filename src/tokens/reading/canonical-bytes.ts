// Base64url as RFC 7515 §2 spells it, and in no other way: two texts of one content would be two tokens.

/** The bytes of their only spelling: right alphabet, no padding, possible length, unused bits zero. Otherwise undefined. */
export function canonicalBytes(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}
