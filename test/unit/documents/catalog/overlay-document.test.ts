// The overlay file: every way to say what an API accepts, and which entry an API finds.

import { expect, test } from 'vitest';
import { overlayDocument, overlayOf } from '../../../../src/documents/catalog/overlay-document.ts';
import { readYaml } from '../../../../src/documents/reading/read-document.ts';

const FILE = `apis:
  /pizza/1.0.0: [Keycloak, Partner]
  Pasta:2.1.0: all
  Salad:1.0.0:
    keyManagers: [Keycloak]
    audiences: [https://salad.example.com]
    authorizationHeader: X-Salad
`;
const readFile = (text: string) => readYaml(text, 'overlay.yaml', overlayDocument);
const find = (name: string, version: string, context: string) => {
  const file = readFile(FILE);
  return file.ok ? overlayOf(file.value, { name, version, context }) : file.problems;
};

test('an API finds its entry by context, else by name and version', () => {
  expect(find('Pizza', '1.0.0', '/pizza/1.0.0')).toMatchObject({ keyManagers: ['Keycloak', 'Partner'], audiences: [] });
  expect(find('Pasta', '2.1.0', '/pasta/2.1.0')).toMatchObject({ keyManagers: 'all', authorizationHeader: null });
  expect(find('Salad', '1.0.0', '/salad/1.0.0')).toMatchObject({
    ...{ keyManagers: ['Keycloak'], audiences: ['https://salad.example.com'], authorizationHeader: 'x-salad' },
  });
  expect(find('Pasta', '2.1.1', '/pasta/2.1.1')).toBeUndefined();
  expect(find('toString', 'x', 'constructor')).toBeUndefined();
});

test.each(['apis: {a: []}', 'apis: {a: [all, b]}', 'apis: {a: some}', 'api: {}', 'apis: {a: {audiences: [x]}}'])(
  '%s is refused',
  (text) => {
    expect(readFile(text).ok).toBe(false);
  },
);
