// One endpoint, two forms: WSO2's DTO has it as a deprecated field and in `endpoints[]`. Whoever reads either form finds it, and whoever
// changes one of the two after reading both has changed it. Nothing is judged here.

import type { EndpointDto, KeyManagerDto } from './key-manager-dto.ts';
import { ENDPOINT_NAMES } from './key-manager-endpoints.ts';

const FORMS = { wellKnownEndpoint: 'well_known_endpoint', ...ENDPOINT_NAMES } as const;
const FIELDS = Object.keys(FORMS) as (keyof typeof FORMS)[];

/**
 * The DTO with each endpoint in both forms. Where they differ, the one that is not as it was in `former` counts; where that does not
 * tell, both stay as they are, and are refused later. An endpoint is gone when neither form has it.
 */
export function withBothEndpointForms(dto: KeyManagerDto, former?: KeyManagerDto): KeyManagerDto {
  const listed = new Map<string, string>();
  for (const { name, value } of dto.endpoints ?? []) if (!listed.has(name)) listed.set(name, value);
  const fields: Partial<Record<keyof typeof FORMS, string>> = {};
  for (const field of FIELDS) {
    const own = dto[field] ?? '';
    const other = listed.get(FORMS[field]) ?? '';
    const settled = own === '' || own === other ? other : other === '' ? own : changed(own, other, former?.[field]);
    if (settled === undefined || settled === '') continue;
    fields[field] = settled;
    listed.set(FORMS[field], settled);
  }
  return { ...dto, ...fields, endpoints: listOf(dto.endpoints ?? [], listed) };
}

function changed(own: string, other: string, former: string | undefined): string | undefined {
  if (own === former) return other;
  return other === former ? own : undefined;
}

/** The given entries in their order, with settled values, then those that only the fields had. */
function listOf(given: readonly EndpointDto[], settled: ReadonlyMap<string, string>): readonly EndpointDto[] {
  const seen = new Set<string>();
  const kept = given.map((entry) => {
    if (seen.has(entry.name)) return entry;
    seen.add(entry.name);
    return { name: entry.name, value: settled.get(entry.name) ?? entry.value };
  });
  const added = [...settled].filter(([name]) => !seen.has(name)).map(([name, value]) => ({ name, value }));
  return [...kept, ...added];
}
