// The data of a WSO2 control plane: what an administrator changes there, what its internal data API and Publisher say of it, and which
// events its event hub would send. In WSO2's own JSON. It knows nothing of Gatehouse.

/** A message of the event hub. */
export interface HubMessage {
  readonly topic: 'notification' | 'keyManager' | 'tokenRevocation' | 'throttleData';
  readonly body: string;
}

type Json = Readonly<Record<string, unknown>>;

/** An API of Publisher's. */
export interface ModelApi {
  readonly uuid: string;
  readonly apiId: number;
  readonly name: string;
  readonly version: string;
  /** Without version. */
  readonly context: string;
  status: string;
  keyManagers: readonly string[];
  audiences: readonly string[];
  /** Gateway environments that a revision is deployed to. */
  labels: Set<string>;
  urlMappings: readonly Json[];
}

/** The state of one tenant. */
export class Wso2Model {
  readonly tenant = 'carbon.super';
  readonly keyManagers = new Map<string, Json>();
  readonly apis = new Map<string, ModelApi>();
  readonly applications = new Map<string, Json & { readonly uuid: string; readonly id: number }>();
  readonly mappings = new Map<string, Json>();
  readonly subscriptions = new Map<string, Json & { readonly apiUUID: string; readonly applicationUUID: string }>();
  readonly subscriptionPolicies = new Map<string, Json>();
  readonly applicationPolicies = new Map<string, Json>();
  readonly apiPolicies = new Map<string, Json>();
  readonly scopes = new Map<string, Json>();
  readonly blocked = new Map<number, { readonly type: string; readonly value: string }>();
  readonly revokedJwts: Json[] = [];
  readonly revokedClients: Json[] = [];
  #next = 1;
  #clock: () => number;
  #publish: (message: HubMessage) => void;

  /** `publish` gets each event; `clock` is the control plane's. */
  constructor(publish: (message: HubMessage) => void = () => undefined, clock: () => number = Date.now) {
    this.#publish = publish;
    this.#clock = clock;
  }

  /** From now on events go there. */
  publishTo(publish: (message: HubMessage) => void): void {
    this.#publish = publish;
  }

  addKeyManager(name: string, properties: Json, more: Json = {}): string {
    const uuid = this.#uuid();
    this.#writeKeyManager('add', {
      uuid,
      name,
      type: 'KeyCloak',
      enabled: true,
      organization: this.tenant,
      tokenType: 'DIRECT',
      ...more,
      additionalProperties: properties,
    });
    return uuid;
  }

  updateKeyManager(uuid: string, over: Json): void {
    this.#writeKeyManager('update', { ...this.#existing(this.keyManagers, uuid), ...over });
  }

  deleteKeyManager(uuid: string): void {
    const { name, type } = this.#existing(this.keyManagers, uuid);
    this.keyManagers.delete(uuid);
    for (const [id, mapping] of this.mappings) if (mapping['keyManager'] === name) this.mappings.delete(id);
    this.#keyManagerEvent('delete', { name, type, enabled: false });
  }

  addApi(
    name: string,
    options: Partial<Omit<ModelApi, 'labels'>> & { readonly labels?: readonly string[] } = {},
  ): string {
    const { labels = ['Default'], ...over } = options;
    const uuid = this.#uuid();
    const api: ModelApi = {
      uuid,
      apiId: this.#number(),
      name,
      version: '1.0.0',
      context: `/${name.toLowerCase()}`,
      status: 'PUBLISHED',
      keyManagers: ['all'],
      audiences: [],
      urlMappings: [mapping('GET', '/*')],
      ...over,
      labels: new Set(labels),
    };
    this.apis.set(uuid, api);
    this.#apiEvent('API_CREATE', api);
    if (labels.length > 0) this.#deployEvent('DEPLOY_API_IN_GATEWAY', api, labels);
    return uuid;
  }

  updateApi(uuid: string, over: Partial<Pick<ModelApi, 'keyManagers' | 'audiences' | 'urlMappings'>>): void {
    const api = Object.assign(this.#existing(this.apis, uuid), over);
    this.#apiEvent('API_UPDATE', api);
    this.#deployEvent('DEPLOY_API_IN_GATEWAY', api, [...api.labels]);
  }

  setLifecycle(uuid: string, status: string): void {
    const api = this.#existing(this.apis, uuid);
    api.status = status;
    this.#apiEvent('API_LIFECYCLE_CHANGE', api);
  }

  deploy(uuid: string, label: string): void {
    const api = this.#existing(this.apis, uuid);
    api.labels.add(label);
    this.#deployEvent('DEPLOY_API_IN_GATEWAY', api, [label]);
  }

  undeploy(uuid: string, label: string): void {
    const api = this.#existing(this.apis, uuid);
    api.labels.delete(label);
    this.#deployEvent('REMOVE_API_FROM_GATEWAY', api, [label]);
  }

  deleteApi(uuid: string): void {
    const api = this.#existing(this.apis, uuid);
    for (const subscription of this.subscriptions.values())
      if (subscription.apiUUID === uuid) this.unsubscribe(String(subscription['subscriptionUUID']));
    this.apis.delete(uuid);
    this.#apiEvent('API_DELETE', api);
  }

  addApplication(name: string, over: Json = {}): string {
    const uuid = this.#uuid();
    this.#writeApplication('CREATE', {
      uuid,
      id: this.#number(),
      name,
      subName: 'admin',
      policy: 'Unlimited',
      tokenType: 'JWT',
      organization: this.tenant,
      groupIds: [],
      attributes: {},
      ...over,
    });
    return uuid;
  }

  updateApplication(uuid: string, over: Json): void {
    this.#writeApplication('UPDATE', { ...this.#existing(this.applications, uuid), ...over });
  }

  deleteApplication(uuid: string): void {
    const application = this.#existing(this.applications, uuid);
    for (const [id, one] of this.mappings) if (one['applicationUUID'] === uuid) this.mappings.delete(id);
    for (const [id, one] of this.subscriptions) if (one.applicationUUID === uuid) this.subscriptions.delete(id);
    this.applications.delete(uuid);
    this.#notify('APPLICATION_DELETE', applicationEvent(application));
  }

  mapKey(applicationUUID: string, consumerKey: string, keyManager: string, keyType = 'PRODUCTION'): string {
    const applicationId = this.#existing(this.applications, applicationUUID).id;
    const row = { applicationId, applicationUUID, consumerKey, keyType, keyManager };
    const id = `${keyManager} ${consumerKey}`;
    this.mappings.set(id, row);
    this.#notify('APPLICATION_REGISTRATION_CREATE', row);
    return id;
  }

  unmapKey(id: string): void {
    const row = this.#existing(this.mappings, id);
    this.mappings.delete(id);
    this.#notify('REMOVE_APPLICATION_KEYMAPPING', row);
  }

  subscribe(applicationUUID: string, apiUUID: string, subscriptionState = 'UNBLOCKED', policyId = 'Gold'): string {
    const subscriptionUUID = this.#uuid();
    const appId = this.#existing(this.applications, applicationUUID).id;
    const { apiId } = this.#existing(this.apis, apiUUID);
    const row = {
      subscriptionUUID,
      subscriptionId: this.#number(),
      policyId,
      apiUUID,
      apiId,
      applicationUUID,
      appId,
      subscriptionState,
    };
    this.subscriptions.set(subscriptionUUID, row);
    this.#notify('SUBSCRIPTIONS_CREATE', subscriptionEvent(row));
    return subscriptionUUID;
  }

  setSubscription(uuid: string, over: Json): void {
    const row = { ...this.#existing(this.subscriptions, uuid), ...over };
    this.subscriptions.set(uuid, row);
    this.#notify('SUBSCRIPTIONS_UPDATE', subscriptionEvent(row));
  }

  unsubscribe(uuid: string): void {
    const row = this.#existing(this.subscriptions, uuid);
    this.subscriptions.delete(uuid);
    this.#notify('SUBSCRIPTIONS_DELETE', subscriptionEvent(row));
  }

  setPolicy(type: 'SUBSCRIPTION' | 'APPLICATION' | 'API', name: string, limits: Json | null): void {
    const policies = {
      SUBSCRIPTION: this.subscriptionPolicies,
      APPLICATION: this.applicationPolicies,
      API: this.apiPolicies,
    }[type];
    const before = policies.get(name);
    const id = before?.['id'] ?? this.#number();
    if (limits === null) policies.delete(name);
    else
      policies.set(name, {
        id,
        tenantId: -1234,
        tenantDomain: this.tenant,
        name,
        quotaType: 'requestCount',
        ...limits,
      });
    const verb = limits === null ? 'DELETE' : before === undefined ? 'CREATE' : 'UPDATE';
    this.#notify(`POLICY_${verb}`, { policyId: id, policyName: name, policyType: type, quotaType: 'requestCount' });
  }

  setScope(name: string, roles: readonly string[] | null): void {
    const known = this.scopes.has(name);
    const row = { name, displayName: name, description: '', roles: roles ?? [] };
    if (roles === null) this.scopes.delete(name);
    else this.scopes.set(name, row);
    this.#notify(`SCOPE_${roles === null ? 'DELETE' : known ? 'UPDATE' : 'CREATE'}`, row);
  }

  /** A deny policy; `IP` values are JSON, as WSO2 stores them. */
  block(type: string, value: string): number {
    const id = this.#number();
    this.blocked.set(id, { type, value });
    this.#blockEvent(id, type, value, true);
    return id;
  }

  unblock(id: number): void {
    const { type, value } = this.#existing(this.blocked, id);
    this.blocked.delete(id);
    this.#blockEvent(id, type, value, false);
  }

  revokeJwt(jti: string, expiryTime: number): void {
    this.revokedJwts.push({ jwt_signature: jti, expiry_time: expiryTime });
    this.#revocationEvent({ revokedToken: jti, expiryTime, type: 'JWT' });
  }

  revokeClient(consumerKey: string): void {
    const revocationTime = this.#clock();
    this.revokedClients.push({
      consumer_key: consumerKey,
      revocation_time: revocationTime,
      type: 'consumer_app_revocation_event',
      organization: this.tenant,
    });
    // WSO2 writes numbers as text here.
    const revokedToken = base64({ consumerKey, revocationTime: String(revocationTime) });
    this.#revocationEvent({ revokedToken, expiryTime: 0, type: 'consumer_app_revocation_event' });
  }

  #writeKeyManager(action: 'add' | 'update', row: Json): void {
    this.keyManagers.set(String(row['uuid']), row);
    this.#keyManagerEvent(action, row);
  }

  #keyManagerEvent(action: string, row: Json): void {
    const { name, type, enabled } = row;
    const payloadData = {
      event_type: 'key_manager_configuration',
      action,
      name,
      type,
      enabled,
      value: base64(row),
      organization: this.tenant,
      tokenType: 'DIRECT',
    };
    this.#publish({ topic: 'keyManager', body: JSON.stringify({ event: { payloadData } }) });
  }

  #writeApplication(verb: 'CREATE' | 'UPDATE', row: Json & { readonly uuid: string; readonly id: number }): void {
    this.applications.set(row.uuid, row);
    this.#notify(`APPLICATION_${verb}`, applicationEvent(row));
  }

  #apiEvent(type: string, api: ModelApi): void {
    const { uuid, apiId, name, version, context, status } = api;
    this.#notify(type, {
      uuid,
      apiId,
      apiName: name,
      apiVersion: version,
      apiContext: `${context}/${version}`,
      apiProvider: 'admin',
      apiType: 'HTTP',
      apiStatus: status,
      gatewayLabels: null,
    });
  }

  #deployEvent(
    type: string,
    { uuid, apiId, name, version, context }: ModelApi,
    gatewayLabels: readonly string[],
  ): void {
    this.#notify(type, {
      uuid,
      apiId,
      name,
      version,
      provider: 'admin',
      apiType: 'HTTP',
      gatewayLabels,
      associatedApis: [],
      context: `${context}/${version}`,
    });
  }

  #notify(eventType: string, event: Json): void {
    const timeStamp = this.#clock();
    const whole = {
      eventId: this.#uuid(),
      timeStamp,
      type: eventType,
      tenantId: -1234,
      tenantDomain: this.tenant,
      ...event,
    };
    const payloadData = { eventType, timestamp: timeStamp, event: base64(whole) };
    this.#publish({ topic: 'notification', body: JSON.stringify({ event: { payloadData } }) });
  }

  #blockEvent(id: number, blockingCondition: string, conditionValue: string, state: boolean): void {
    const payloadData = { id, blockingCondition, conditionValue, state: String(state), tenantDomain: this.tenant };
    this.#publish({ topic: 'throttleData', body: JSON.stringify({ event: { payloadData } }) });
  }

  #revocationEvent(event: Json): void {
    const payloadData = { eventId: this.#uuid(), ttl: '5000', tenantId: -1234, ...event };
    this.#publish({ topic: 'tokenRevocation', body: JSON.stringify({ event: { payloadData } }) });
  }

  #uuid(): string {
    return `00000000-0000-4000-8000-${String(this.#number()).padStart(12, '0')}`;
  }

  #number(): number {
    return this.#next++;
  }

  #existing<K, T>(map: ReadonlyMap<K, T>, key: K): T {
    const found = map.get(key);
    if (found === undefined) throw new Error(`the control plane has no ${String(key)}`);
    return found;
  }
}

/** WSO2 URLMapping. */
export function mapping(
  httpMethod: string,
  urlPattern: string,
  scopes: readonly string[] = [],
  authScheme = 'Any',
): Json {
  return { authScheme, throttlingPolicy: 'Unlimited', httpMethod, urlPattern, scopes };
}

function applicationEvent({ uuid, id, name, subName, policy, tokenType, attributes, groupIds }: Json): Json {
  const groupId = (groupIds as readonly { groupId: string }[]).map((group) => group.groupId).join(',');
  return {
    uuid,
    applicationId: id,
    applicationName: name,
    tokenType,
    applicationPolicy: policy,
    groupId,
    attributes,
    subscriber: subName,
  };
}

function subscriptionEvent({ appId, ...row }: Json): Json {
  return { ...row, applicationId: appId };
}

function base64(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
