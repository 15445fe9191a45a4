// Every Envoy that we claim to support takes every file that we ship, without a warning.

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ENVOY_VERSION, installEnvoy, OLDER_ENVOY_VERSIONS } from '../../scripts/envoy-tool.ts';
import { runCommand } from '../../scripts/run-command.ts';

const FOLDER = fileURLToPath(new URL('../../envoy/', import.meta.url));
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
const cases = [ENVOY_VERSION, ...OLDER_ENVOY_VERSIONS].flatMap((version) => files.map((file) => ({ version, file })));

test.each(cases)('Envoy $version takes $file', async ({ version, file }) => {
  const envoy = await installEnvoy(version);
  if (envoy.kind === 'missing') throw new Error(envoy.advice);
  const { code, output } = await runCommand(envoy.bin, ['--mode', 'validate', '-l', 'warn', '-c', `${FOLDER}${file}`]);
  expect(output).toMatch(/^configuration '.*' OK\s*$/);
  expect(code).toBe(0);
});
