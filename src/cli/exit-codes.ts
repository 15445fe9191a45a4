// The one table of exit codes; `--help` prints it.

/** Exit codes of all commands. */
export const EXIT = { ok: 0, refused: 1, usage: 2, fault: 3 } as const;

const MEANINGS: readonly (readonly [code: string, meaning: string])[] = [
  [String(EXIT.ok), 'done; check: allowed; health: serving; diff: no difference'],
  [
    String(EXIT.refused),
    'check: denied; validate: problems in settings or catalog; backup, restore: not done, and nothing was changed; health: not serving or not reachable; km test: something failed; km discover: nothing to be had at the URL; sync status: not in touch with its source; sync confirm: nothing is held back; diff: a difference',
  ],
  [String(EXIT.usage), 'wrong command line; serve: problems in the settings; diff, apply: problems in the document'],
  [
    String(EXIT.fault),
    'check, km test, sync, export, diff, apply: no verdict, no answer or a refusal; serve: cannot start, or its catalog has problems',
  ],
  ['130, 143', 'serve: ended at once by a later SIGINT or SIGTERM'],
];

/** The table as help text. */
export function exitCodeHelp(): string {
  return ['Exit codes:', ...MEANINGS.map(([code, meaning]) => `  ${code.padEnd(10)}${meaning}`)].join('\n');
}
