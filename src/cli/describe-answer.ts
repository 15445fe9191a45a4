// A CheckResponse as text for people: the verdict, why, and what Envoy would do with the request.

import { REASONS } from '../domain/reason.ts';
import type { CheckAnswer } from '../extauthz/check-client.ts';

/** Several lines of text. */
export function describeAnswer(answer: CheckAnswer): string {
  const allowed = answer.status === 0;
  const reason = answer.metadata['reason'];
  const row = Object.entries(REASONS).find(([name]) => name === reason)?.[1];
  const verdict = allowed ? 'ALLOW' : (answer.metadata['outcome'] ?? 'deny').toUpperCase();
  return [
    [verdict, allowed ? undefined : answer.httpStatus, reason].filter((part) => part !== undefined).join(' '),
    ...(row === undefined ? [] : [`  ${row.operator}`]),
    ...section(
      allowed ? 'Headers for the upstream' : 'Headers for the client',
      answer.headers.map(([name, value]) => `${name}: ${value}`),
    ),
    ...section(
      'Removed before the upstream',
      answer.headersToRemove.length > 0 ? [answer.headersToRemove.join(', ')] : [],
    ),
    ...section('Body', answer.body === '' ? [] : [answer.body]),
    ...section(
      'Dynamic metadata',
      Object.entries(answer.metadata).map(([name, value]) => `${name}: ${value}`),
    ),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}
