// Applications' attributes as they are read for every request: parsed once for each text, not once for each request.

import type { Application } from '../domain/subscriber.ts';

/** Texts that are remembered; when there are more, all are forgotten and parsed again as they come. */
const MAX_REMEMBERED = 10_000;

const NONE: Application['attributes'] = Object.freeze({});

/** Remembers what it parsed, by the text itself: a changed application has another one. */
export function attributeReader(): (json: string) => Application['attributes'] {
  const parsed = new Map<string, Application['attributes']>();
  return (json) => {
    if (json === '{}') return NONE;
    let attributes = parsed.get(json);
    if (attributes === undefined) {
      if (parsed.size >= MAX_REMEMBERED) parsed.clear();
      attributes = JSON.parse(json) as Application['attributes'];
      parsed.set(json, attributes);
    }
    return attributes;
  };
}
