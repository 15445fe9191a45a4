// All settings of a process: the document's, and the insecure choices that only the command line can make.

import type { SettingsDocument } from '../documents/settings/settings-document.ts';

/** What each `--insecure-…` flag permits. They are no settings, so that a copied file never carries one along. */
export const INSECURE_CHOICES = {
  'admin-http': 'the admin side is reachable beyond this machine without TLS: credentials can be read on the way',
  extauthz:
    'ext_authz is reachable beyond this machine without TLS: tokens can be read, and decisions be forged, on the way',
} as const;

/** The name of an `--insecure-…` flag. */
export type InsecureChoice = keyof typeof INSECURE_CHOICES;

/** All settings of a process. */
export interface Settings extends Readonly<Omit<SettingsDocument, 'workers'>> {
  /** Processes that decide; what `auto` stands for on this machine. */
  readonly workers: number;
  /** The insecure choices made; each is worth a warning at every start. */
  readonly insecure: readonly InsecureChoice[];
}
