// `gatehouse check`: asks a running server as Envoy would, and prints the whole answer. The token is never printed.

import { type CheckAnswer, CheckClient, type CheckQuestion } from '../extauthz/check-client.ts';
import type { Surroundings } from './cli-app.ts';
import { describeAnswer } from './describe-answer.ts';
import { describeNoAnswer } from './describe-no-answer.ts';
import { EXIT } from './exit-codes.ts';
import { type TargetOptions, targetOf } from './target-options.ts';
import { readToken, type TokenOptions } from './token-options.ts';

/** Options of `check`. */
export interface CheckCommandOptions extends TargetOptions, TokenOptions {
  readonly header: readonly (readonly [name: string, value: string])[];
  readonly context: readonly (readonly [name: string, value: string])[];
  readonly map?: boolean;
  readonly json?: boolean;
}

/** Asks and prints; resolves to the exit code. */
export async function checkCommand(
  method: string,
  url: string,
  options: CheckCommandOptions,
  around: Surroundings,
): Promise<number> {
  if (!URL.canParse(url) || !/^https?:\/\//i.test(url))
    return usage(around, `${url} is not a URL; write https://host/path`);
  const token = await readToken(options, around);
  if (token instanceof Error) return usage(around, token.message);
  const question: CheckQuestion = {
    method: method.toUpperCase(),
    url,
    headers: [...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]), ...options.header],
    contextExtensions: Object.fromEntries(options.context),
    headerMode: options.map === true ? 'map' : 'raw',
  };
  const told = await ask(question, options);
  if (typeof told === 'string') {
    around.err(`gatehouse: ${told}`);
    return EXIT.fault;
  }
  const answer = withoutSignatures(told);
  around.out(
    options.json === true ? JSON.stringify({ outcome: outcomeOf(answer), ...answer }, null, 2) : describeAnswer(answer),
  );
  return { allow: EXIT.ok, deny: EXIT.refused, fault: EXIT.fault }[outcomeOf(answer)];
}

/** A JWT (RFC 7515 §7.1) in either alphabet: its claims may be looked at, but with its signature it would be as good as the caller. */
const JWT = /^(eyJ[\w+/-]*\.[\w+/-]*)\.[\w+/-]+$/;

function withoutSignatures(answer: CheckAnswer): CheckAnswer {
  const headers = answer.headers.map(([name, value]) => [name, value.replace(JWT, '$1.<signature>')] as const);
  return { ...answer, headers };
}

/** What Envoy would make of the answer: only status 0 passes, whatever the metadata says. */
function outcomeOf(answer: CheckAnswer): 'allow' | 'deny' | 'fault' {
  if (answer.status === 0) return 'allow';
  return answer.kind === 'denied_response' && answer.metadata['outcome'] !== 'fault' ? 'deny' : 'fault';
}

/** The answer, or why there is none. */
async function ask(question: CheckQuestion, options: CheckCommandOptions): Promise<CheckAnswer | string> {
  let client: CheckClient | undefined;
  try {
    client = new CheckClient(targetOf(options));
    return await client.check(question, options.timeout);
  } catch (error) {
    return describeNoAnswer(error);
  } finally {
    client?.close();
  }
}

function usage(around: Surroundings, message: string): number {
  around.err(`gatehouse: ${message}`);
  return EXIT.usage;
}
