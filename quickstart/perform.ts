// Makes the requests of the demo and compares what comes back. It changes nothing but what a request changes.

import type { DemoCall, DemoCase } from './demo-cases.ts';

/** What came back. `body` is what the upstream received, or would receive, of a request that passes. */
export interface DemoReply {
  readonly status: number;
  readonly body: string;
}

/** Sends one request. */
export type Send = (call: DemoCall) => Promise<DemoReply>;

/** Sends a request over HTTP, as its curl line does. */
export const sendHttp: Send = async ({ method, url, token, json }) => {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (json !== undefined) headers['content-type'] = 'application/json';
  const body = json === undefined ? null : JSON.stringify(json);
  const response = await fetch(url, { method, headers, body });
  return { status: response.status, body: await response.text() };
};

/** A case as one line for a shell. */
export function curlLine({ calls }: DemoCase): string {
  return calls.map(curl).join('; echo; ');
}

function curl({ method, url, token, json }: DemoCall): string {
  const words = ['curl -i'];
  if (method !== 'GET') words.push(`-X ${method}`);
  words.push(url);
  if (token !== undefined) words.push(`-H 'authorization: Bearer ${token}'`);
  if (json !== undefined) words.push(`-H 'content-type: application/json' -d '${JSON.stringify(json)}'`);
  return words.join(' ');
}

/** Makes the requests of a case; undefined when all went as they should, else what did not. */
export async function failureOf({ calls }: DemoCase, send: Send): Promise<string | undefined> {
  for (const call of calls) {
    const reply = await send(call);
    const what = `${call.method} ${new URL(call.url).pathname}`;
    if (reply.status !== call.expectedStatus)
      return `${what} gave ${reply.status}, not ${call.expectedStatus}: ${reply.body}`;
    if (call.expectedHeader !== undefined && !hasHeader(reply.body, call.expectedHeader))
      return `${what} gave the upstream no ${call.expectedHeader.join(': ')}`;
  }
  return undefined;
}

function hasHeader(body: string, [name, value]: readonly [string, string]): boolean {
  const { headers } = JSON.parse(body) as { readonly headers: readonly (readonly [string, string])[] };
  return headers.some(([key, content]) => key === name && content === value);
}
