// What every answer tells Envoy's access log and its other filters, as dynamic metadata in the namespace `envoy.filters.http.ext_authz`.
// Only configured names, codes of the reason table and, of an allowed caller, its application's attributes and the claims that its key
// manager maps: never a token, nor anything from an unverified one.

import type { Api } from '../../domain/api.ts';
import type { Decision, Known } from '../../domain/decision.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import { reasonRow } from '../../domain/reason.ts';
import { encodedMetadata, type Metadata, type MetadataFields } from './check-response.ts';
import { claimText } from './claim-text.ts';
import { EncodedOnce } from './encoded-once.ts';

/** The metadata of a decision. */
export type TellMetadata = (decision: Decision, decisionId: string) => Metadata;

/**
 * Tells the same keys always, empty where nothing is known. `api` is `name:version`; `code` is the WSO2 code of a refusal.
 * What is said of a reason, an API, a key manager or a key type is encoded once.
 */
export function metadataTeller(): TellMetadata {
  const ofApi = new EncodedOnce((api: Api) => encodedMetadata({ api: nameOf(api) }));
  const ofAllowedApi = new EncodedOnce((api: Api) =>
    encodedMetadata({ api: nameOf(api), organization: api.organization, api_policy: api.policy }),
  );
  const ofKeyManager = new EncodedOnce(({ name }: KeyManager) => encodedMetadata({ key_manager: name }));
  const ofOutcome = new Map<Decision['reason'], Buffer>();
  const ofKeyType = new Map<Known['keyType'], Buffer>();
  const outcomeOf = (decision: Decision): Buffer => {
    const { outcome, reason } = decision;
    const code = outcome === 'allow' ? '' : reasonRow(reason).code;
    return ofOutcome.get(reason) ?? remembered(ofOutcome, reason, encodedMetadata({ outcome, reason, code }));
  };
  const keyTypeOf = (keyType: Known['keyType']): Buffer =>
    ofKeyType.get(keyType) ?? remembered(ofKeyType, keyType, encodedMetadata({ key_type: keyType ?? '' }));
  return (decision, decisionId) => {
    const { api, keyManager, application, keyType } = decision.known;
    const isAllowed = decision.outcome === 'allow';
    const encoded = [
      outcomeOf(decision),
      keyTypeOf(keyType),
      api === undefined ? NO_API : (isAllowed ? ofAllowedApi : ofApi).of(api),
      keyManager === undefined ? NO_KEY_MANAGER : ofKeyManager.of(keyManager),
    ];
    if (!isAllowed || api === undefined) encoded.push(NO_ALLOWED_API);
    if (isAllowed) return { encoded, fields: fieldsOf(decision.known, decisionId) };
    encoded.push(NO_ALLOWED_CALLER);
    return { encoded, fields: { decision_id: decisionId, application: application?.name ?? '' } };
  };
}

/** What is told of an allowed caller, for rate limits. */
function fieldsOf({ resource, application, subscription, token }: Readonly<Known>, decisionId: string): MetadataFields {
  return {
    decision_id: decisionId,
    application: application?.name ?? '',
    resource_policy: resource?.policy ?? '',
    application_id: application?.id ?? '',
    application_policy: application?.policy ?? '',
    subscription_id: subscription?.id ?? '',
    subscription_policy: subscription?.policy ?? '',
    // By their local names, each as text.
    claims: textsOf(token?.claims ?? NONE),
    attributes: application?.attributes ?? NONE,
  };
}

const NONE: Readonly<Record<string, string>> = {};
const NO_API = encodedMetadata({ api: '' });
const NO_KEY_MANAGER = encodedMetadata({ key_manager: '' });
const NO_ALLOWED_API = encodedMetadata({ organization: '', api_policy: '' });
const NO_ALLOWED_CALLER = encodedMetadata({
  ...{ resource_policy: '', application_id: '', application_policy: '', subscription_id: '', subscription_policy: '' },
  ...{ claims: NONE, attributes: NONE },
});

function nameOf({ name, version }: Api): string {
  return `${name}:${version}`;
}

function remembered<K>(by: Map<K, Buffer>, key: K, encoded: Buffer): Buffer {
  by.set(key, encoded);
  return encoded;
}

function textsOf(claims: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(claims);
  return names.length === 0 ? NONE : Object.fromEntries(names.map((name) => [name, claimText(claims, name) ?? '']));
}
