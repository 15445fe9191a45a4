// What is asked of the use cases that look at a key manager's own servers, and what they answer. Owned here, wired by `app.ts`.

import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';

/** One thing that was looked at. Never a token, a secret or a query string. */
export interface DiagnosisCheck {
  /** A short stable name: `discovery`, `issuer`, `tls`, `key`, … */
  readonly check: string;
  readonly outcome: 'ok' | 'warning' | 'failed' | 'not_applicable';
  /** What was found, one sentence. */
  readonly detail: string;
  /** What to do, where there is something to do. */
  readonly fix: string | null;
}

/** Everything that was looked at, in order. */
export interface Diagnosis {
  readonly keyManager: { readonly id: string; readonly name: string };
  /** True where nothing failed. */
  readonly ok: boolean;
  readonly checks: readonly DiagnosisCheck[];
}

/** What a discovery document says, as a DTO that can be posted; or why there is none. */
export type Discovered =
  | { readonly kind: 'discovered'; readonly dto: KeyManagerDto; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** A type of key manager, described so that a form can be drawn from it. Plain JSON. */
export type KeyManagerTypeDescription = Readonly<Record<string, unknown>> & { readonly type: string };

/** The use cases. */
export interface KeyManagerDiagnosis {
  /** Undefined where the organization has no such key manager. A sample token is judged as on the way through Envoy. */
  test(organization: string, id: string, sampleToken: string | undefined): Promise<Diagnosis | undefined>;
  /** Never rejects: whatever is wrong with the URL is the reason. */
  discover(url: string, type: string): Promise<Discovered>;
  types(): readonly KeyManagerTypeDescription[];
}
