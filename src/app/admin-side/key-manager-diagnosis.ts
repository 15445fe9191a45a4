// Looks at key managers' own servers on an admin's behalf: a test from end to end, and the import of a discovery document.

import type { DiagnosisCheck, Discovered, KeyManagerDiagnosis } from '../../admin/key-managers/diagnosis.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { Connection, KeyManager } from '../../domain/key-manager.ts';
import type { KeyManagerDto, StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { OutboundReply } from '../../domain/outbound.ts';
import { describeKeyManagerTypes } from '../../keymanagers/describe-types.ts';
import { discoverKeyManager } from '../../keymanagers/discover-key-manager.ts';
import type { KeyManagerTypes } from '../../keymanagers/types.ts';
import { examineDiscovery, examineKeys, examineTls, type ServerParts } from './diagnose-servers.ts';
import { examineIntrospection, examineToken, type TokenParts } from './diagnose-tokens.ts';
import { fixOf, warning } from './diagnosis-checks.ts';

/** What the use cases work with. */
export interface DiagnosisParts extends ServerParts, TokenParts {
  readonly types: KeyManagerTypes;
  /** The organization whose callers may test Global key managers: others use them, and need not know their servers. */
  readonly superTenant: string;
  /** The key manager as stored, of exactly this organization. */
  readonly find: (organization: string, id: string) => StoredKeyManager | undefined;
  /** The same as it decides, with its secrets; undefined where it cannot be resolved. */
  readonly inForce: (id: string) => KeyManager | undefined;
}

/** The use cases. */
export function keyManagerDiagnosis(parts: DiagnosisParts): KeyManagerDiagnosis {
  return {
    async test(organization, id, sampleToken) {
      const maySeeGlobal = organization === parts.superTenant;
      const stored = parts.find(organization, id) ?? (maySeeGlobal ? parts.find(GLOBAL_ORGANIZATION, id) : undefined);
      const keyManager = stored && parts.inForce(id);
      if (stored === undefined || keyManager === undefined) return undefined;
      const examined = { keyManager, dto: stored.dto };
      const found = await Promise.all([
        examineDiscovery(examined, parts),
        examineTls(examined, parts),
        examineKeys(examined, parts),
        examineIntrospection(keyManager, parts),
        examineToken(sampleToken, keyManager, parts),
      ]);
      const checks = [...enabledOf(keyManager), ...found.flat()];
      const ok = checks.every(({ outcome }) => outcome !== 'failed');
      return { keyManager: { id, name: stored.dto.name }, ok, checks };
    },
    discover: (url, type) => discover(url, type, parts),
    types: () => describeKeyManagerTypes(parts.types).map((type) => ({ ...type })),
  };
}

function enabledOf({ enabled }: KeyManager): readonly DiagnosisCheck[] {
  if (enabled) return [];
  return [warning('enabled', 'the key manager is disabled, so its tokens are refused', 'set enabled to true')];
}

const NO_SETTINGS: Connection = { ca: null, serverName: null, clientCert: null, clientKey: null };
/** Nobody's: requests for a discovery document have limits of their own. */
const DISCOVERER = { id: 'discovery', connection: NO_SETTINGS };

/** What the discovery document at a URL says, as a DTO to complete and post. Never rejects for what the URL is or answers. */
export async function discover(
  url: string,
  type: string,
  {
    door,
    timeoutMs,
    maxBytes,
    types,
  }: Pick<DiagnosisParts, 'timeoutMs' | 'maxBytes' | 'types'> & {
    readonly door: Pick<ServerParts['door'], 'send'>;
  },
): Promise<Discovered> {
  const headers = { accept: 'application/json' };
  const reply = await door.send({ keyManager: DISCOVERER, method: 'GET', url, headers, maxBytes, timeoutMs });
  if ('problem' in reply) return failure(`the URL cannot be asked: ${reply.problem}; ${fixOf(reply.problem)}`);
  if (reply.status !== 200) return failure(`the URL answers with status ${reply.status}; ${fixOf('status_')}`);
  const document = jsonOf(reply);
  if (document === undefined) return failure('the URL answers no JSON; give that of the discovery document');
  const found = discoverKeyManager(type, url, document, types);
  if ('problems' in found) return failure(found.problems.map(({ field, message }) => `${field} ${message}`).join('; '));
  return { kind: 'discovered', dto: asWso2(found.dto), warnings: found.warnings };
}

/** WSO2's answer names every list, so that forms can be filled from it. */
function asWso2(dto: KeyManagerDto): KeyManagerDto {
  return { ...dto, endpoints: dto.endpoints ?? [], availableGrantTypes: dto.availableGrantTypes ?? [] };
}

function failure(reason: string): Discovered {
  return { kind: 'failed', reason };
}

function jsonOf({ text }: Exclude<OutboundReply, { readonly problem: string }>): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
