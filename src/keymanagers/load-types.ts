// Types of key managers out of tree: modules that the settings name, imported once at boot. A module that cannot be used ends the
// boot with a sentence; it may add types and presets, and replace none.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';
import { typeProblem } from './type-problem.ts';
import { BUILT_IN_TYPES, type KeyManagerTypes, keyManagerTypesOf } from './types.ts';

/** The built-in types and those of the modules. Each module exports a list `keyManagerTypes`; what its items leave out is standard. */
export async function loadKeyManagerTypes(modules: readonly string[]): Promise<KeyManagerTypes> {
  const types = [...BUILT_IN_TYPES.byType.values(), ...BUILT_IN_TYPES.byPreset.values()];
  for (const path of modules) {
    for (const item of await listOf(path)) {
      const problem = typeProblem(item);
      const type = { ...STANDARD_TOKENS, ...(item as KeyManagerType) };
      const name = type.preset ?? type.type;
      if (problem !== undefined) throw new Error(`${path}: a type of keyManagerTypes ${problem}`);
      if (types.some((known) => (known.preset ?? known.type) === name))
        throw new Error(`${path}: the type ${name} exists already; a module may add types, not replace them`);
      types.push(type);
    }
  }
  return keyManagerTypesOf(types);
}

async function listOf(path: string): Promise<readonly unknown[]> {
  let exported: { readonly keyManagerTypes?: unknown };
  try {
    exported = (await import(pathToFileURL(resolve(path)).href)) as typeof exported;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`keyManagers.types: the module ${path} cannot be loaded: ${message}`);
  }
  const { keyManagerTypes } = exported;
  if (Array.isArray(keyManagerTypes) && keyManagerTypes.length > 0) return keyManagerTypes;
  throw new Error(`keyManagers.types: the module ${path} does not export a list keyManagerTypes`);
}
