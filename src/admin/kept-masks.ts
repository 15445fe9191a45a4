// Which masks of a write may stand for the secret that is kept. Not those by which a secret would change its place or its recipient:
// who may write a key manager need not know its secrets, and must not get hold of one.

import { canonicalJson } from '../domain/canonical-json.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { endpointOf } from '../domain/key-manager-endpoints.ts';
import { maskedPointers } from '../domain/secret-fields.ts';

/** Masks of the DTO that cannot stay, both sides with masks for secrets. */
export function unkeepableMasks(dto: KeyManagerDto, former: KeyManagerDto): readonly FieldProblem[] {
  const moved = recipientsOf(dto).some((origin) => !recipientsOf(former).includes(origin));
  return maskedPointers(dto).flatMap((pointer) => {
    const message = moved
      ? 'is kept for another host only: its introspection endpoint leads elsewhere now; give the secret anew'
      : isInChangedItem(pointer, dto, former)
        ? 'is in an item of a list that is not as it was, so it cannot be told which secret is meant; give the secret anew'
        : undefined;
    const field = pointer.slice(1).replaceAll('/', '.');
    return message === undefined ? [] : [{ field, message }];
  });
}

/** Where secrets of the key manager are sent. */
function recipientsOf(dto: KeyManagerDto): readonly string[] {
  const own = dto.additionalProperties?.['introspection'];
  const endpoints = [endpointOf(dto, 'introspectionEndpoint'), isJsonObject(own) ? own['endpoint'] : undefined];
  return endpoints.flatMap((endpoint) =>
    typeof endpoint === 'string' ? [URL.parse(endpoint)?.origin ?? endpoint] : [],
  );
}

function isInChangedItem(pointer: string, dto: KeyManagerDto, former: KeyManagerDto): boolean {
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  let [now, then]: [unknown, unknown] = [dto, former];
  for (const step of steps) {
    const inList = Array.isArray(now);
    [now, then] = [memberOf(now, step), memberOf(then, step)];
    if (inList && canonicalJson(now) !== canonicalJson(then)) return true;
  }
  return false;
}

function memberOf(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return value[Number(step)];
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}
