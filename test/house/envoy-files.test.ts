// The shipped Envoy files are one file and what is made from it: a setting changed in one of them holds in all.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { envoyVariants } from '../../scripts/envoy-variants.ts';
import { TOP } from './source-files.ts';

const SOURCE = 'envoy.yaml';
const read = (file: string) => readFileSync(join(TOP, 'envoy', file), 'utf8');
const variants = envoyVariants(read(SOURCE));

test('every Envoy file but the source is made from it', () => {
  const files = readdirSync(join(TOP, 'envoy')).filter((file) => file.endsWith('.yaml'));
  expect(files.sort()).toEqual([SOURCE, ...Object.keys(variants)].sort());
});

test.each(Object.keys(variants))('%s is what the script makes of envoy.yaml', (file) => {
  expect(read(file), 'edit envoy/envoy.yaml, then run: npx node scripts/envoy-variants.ts').toBe(variants[file]);
});
