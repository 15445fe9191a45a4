// Makes the sections of `docs/key-managers.md` that describe the types, from the types themselves. Run it after editing a type;
// a test compares what is on disk with what it makes.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TokenMark } from '../src/domain/key-manager.ts';
import type { KeyManagerType } from '../src/keymanagers/key-manager-type.ts';
import { BUILT_IN_TYPES } from '../src/keymanagers/types.ts';

/** What follows this heading is made here. */
const TYPES_HEADING = '## Types\n';

const code = (texts: readonly string[]) => texts.map((text) => `\`${text}\``).join(', ');

function markText({ claim, refuse, accept }: TokenMark): string {
  if (accept !== undefined) return `\`${claim}\` other than ${code(accept)}`;
  return refuse === 'present' ? `\`${claim}\`` : `\`${claim}\` of ${code(refuse ?? [])}`;
}

function rowsOf(type: KeyManagerType): readonly (readonly [string, string])[] {
  const { introspection, issuerForm } = type;
  const rows: (readonly [string, string] | false)[] = [
    ['Metadata', `\`${type.discovery}\``],
    ['Client', code(type.consumerKeyClaims)],
    ['Scopes', `${code(type.scopesClaims)}${type.scopesFromNames ? ', an object’s names too' : ''}`],
    type.audienceClaim !== 'aud' && ['Audience', code([type.audienceClaim])],
    type.tokenKind === 'identity' && ['Kind of token', 'identity tokens: `audiences` must be given'],
    ['Signatures', code(type.algorithms)],
    ['Profile', code([type.profile])],
    type.acceptedTyp !== null && ['Header `typ`', code(type.acceptedTyp.map((typ) => typ || 'absent'))],
    type.requiredClaims.length > 0 && ['Required claims', code(type.requiredClaims)],
    ['Refused marks', type.marks.map(markText).join('; ')],
    type.unverifiableHeaders.length > 0 && ['Unverifiable with', `header ${code(type.unverifiableHeaders)}`],
    Object.keys(type.impliedIssuers).length > 0 && ['Implied issuers', code(Object.values(type.impliedIssuers).flat())],
    issuerForm !== null && ['Issuer', `must fit \`${issuerForm.pattern}\``],
    ['Introspection', introspection === null ? 'none' : introspectionText(type)],
    type.referencePattern !== null && ['Opaque tokens', `\`${type.referencePattern}\``],
  ];
  return rows.filter((row) => row !== false);
}

function introspectionText({ introspection }: KeyManagerType): string {
  const credentials = introspection?.credentials ?? null;
  const who =
    credentials === null
      ? 'credentials in `introspection`'
      : `\`${credentials.clientId}\` and \`${credentials.clientSecret}\`, \`basicEncoding\` ${code([credentials.encoding])}`;
  const certificate = credentials?.certificate;
  const mutual =
    certificate === undefined ? '' : `, or a client certificate with \`${certificate.setting}: ${certificate.value}\``;
  return `${who}${mutual}; client in ${code(introspection?.consumerKeyMembers ?? [])}`;
}

function sectionOf(type: KeyManagerType): string {
  const heading =
    type.preset === null
      ? `### ${type.displayName} (\`${type.type}\`)`
      : `### ${type.displayName} (preset \`${type.preset}\`)`;
  const parts = [heading, type.notes, table(['Of its tokens', ''], rowsOf(type))];
  if (type.connection.length > 0)
    parts.push(
      table(
        ['Connector setting', 'Label', 'Used for', 'Meaning'],
        type.connection.map(({ name, label, required, mask, values, default: standard, usedFor, tooltip }) => [
          `\`${name}\``,
          label,
          `${usedFor}${required ? ', required for it' : ''}${mask ? '; secret' : ''}`,
          `${tooltip}${values.length > 0 ? ` ${code(values)}.` : ''}${standard === '' ? '' : ` Default \`${standard}\`.`}`,
        ]),
      ),
    );
  if (type.issuerDifferences.length > 0)
    parts.push(
      table(
        ['Imported from', 'with the issuer', 'since'],
        type.issuerDifferences.map(({ url, issuer, why }) => [`\`${url}\``, `\`${issuer}\``, why]),
      ),
    );
  if (type.quirks.length > 0) parts.push(type.quirks.map(({ what, why }) => `- ${what} ${why}`).join('\n'));
  return parts.join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [cells(head), cells(head.map(() => '---')), ...rows.map(cells)].join('\n');
}

/** The page with its sections on types made anew. */
export function keyManagerPage(page: string): string {
  const [before] = page.split(TYPES_HEADING);
  const types = [...BUILT_IN_TYPES.byType.values(), ...BUILT_IN_TYPES.byPreset.values()];
  return `${before}${TYPES_HEADING}\n${types.map(sectionOf).join('\n\n')}\n`;
}

if (import.meta.main) {
  const file = fileURLToPath(new URL('../docs/key-managers.md', import.meta.url));
  writeFileSync(file, keyManagerPage(readFileSync(file, 'utf8')));
}
