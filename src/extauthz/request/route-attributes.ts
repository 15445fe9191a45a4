// What Envoy's own configuration says about a route: context extensions and route metadata. Clients cannot write either.
// A name that is there but unusable stays a name: it must end in a denial, never in a search by host and path.

import type { ApiReference, RouteEnvironment } from '../../domain/request.ts';
import type { WireReader } from './wire-reader.ts';

/** Under which names an operator tags routes; the same three in context extensions and in the metadata namespace. */
export interface RouteAttributeNames {
  readonly api: string;
  readonly organization: string;
  readonly environment: string;
  /** The namespace of `route_metadata_context_namespaces` that is read. */
  readonly metadataNamespace: string;
}

const ENVIRONMENTS: Readonly<Record<string, RouteEnvironment>> = {
  PRODUCTION: 'PRODUCTION',
  PROD: 'PRODUCTION',
  SANDBOX: 'SANDBOX',
  HYBRID: 'HYBRID',
};

/** The tags of one source. */
interface Tags {
  api?: string;
  organization?: string;
  environment?: string;
}

/** Collects the tags of one request's route; later occurrences replace earlier ones, as protobuf has it. */
export class RouteAttributes {
  readonly #names: RouteAttributeNames;
  readonly #extensions: Tags = {};
  #metadata: Tags = {};

  constructor(names: RouteAttributeNames) {
    this.#names = names;
  }

  /** Takes in one entry of `context_extensions`: key=1, value=2. */
  addExtension(entry: WireReader): void {
    let key = '';
    let value = '';
    for (let field = entry.next(); field !== 0; field = entry.next()) {
      if (field === 1) key = entry.text();
      else if (field === 2) value = entry.text();
      else entry.skip();
    }
    this.#tag(this.#extensions, key, value);
  }

  /** Takes in a Metadata message: map<string, Struct> filter_metadata=1. */
  addMetadata(metadata: WireReader): void {
    for (let field = metadata.next(); field !== 0; field = metadata.next()) {
      if (field === 1) this.#addNamespace(metadata.message());
      else metadata.skip();
    }
  }

  /** The API that the route names; context extensions win over metadata. */
  apiReference(): ApiReference | undefined {
    const extensions = this.#extensions;
    const metadata = this.#metadata;
    const organization = extensions.organization ?? metadata.organization;
    if (extensions.api !== undefined) return { source: 'context_extensions', api: extensions.api, organization };
    if (metadata.api !== undefined) return { source: 'route_metadata', api: metadata.api, organization };
    return undefined;
  }

  /** The route's environment; an empty text is none, any other that is not known is invalid. */
  environment(): RouteEnvironment {
    const written = this.#extensions.environment || this.#metadata.environment;
    if (written === undefined || written === '') return undefined;
    const upper = written.toUpperCase();
    return (Object.hasOwn(ENVIRONMENTS, upper) ? ENVIRONMENTS[upper] : undefined) ?? 'invalid';
  }

  #addNamespace(entry: WireReader): void {
    let namespace = '';
    const structs: WireReader[] = [];
    for (let field = entry.next(); field !== 0; field = entry.next()) {
      if (field === 1) namespace = entry.text();
      else if (field === 2) structs.push(entry.message());
      else entry.skip();
    }
    if (namespace !== this.#names.metadataNamespace) return;
    this.#metadata = {};
    for (const struct of structs) this.#addStruct(struct);
  }

  /** Struct: map<string, Value> fields=1. */
  #addStruct(struct: WireReader): void {
    for (let field = struct.next(); field !== 0; field = struct.next()) {
      if (field === 1) this.#addField(struct.message());
      else struct.skip();
    }
  }

  #addField(entry: WireReader): void {
    let key = '';
    let value = NOT_TEXT;
    for (let field = entry.next(); field !== 0; field = entry.next()) {
      if (field === 1) key = entry.text();
      else if (field === 2) value = textOf(entry.message(), value);
      else entry.skip();
    }
    this.#tag(this.#metadata, key, value);
  }

  #tag(tags: Tags, key: string, value: string): void {
    if (key === this.#names.api) tags.api = value;
    else if (key === this.#names.organization) tags.organization = value;
    else if (key === this.#names.environment) tags.environment = value;
  }
}

/** Stands for a number, list or other value where a text belongs: no API, organization or environment has this name. */
const NOT_TEXT = '\0';

/** Value: a oneof of kinds 1 to 6, of which the last one on the wire counts; string_value=3. */
function textOf(value: WireReader, before: string): string {
  let text = before;
  for (let field = value.next(); field !== 0; field = value.next()) {
    if (field === 3) text = value.text();
    else {
      value.skip();
      if (field <= 6) text = NOT_TEXT;
    }
  }
  return text;
}
