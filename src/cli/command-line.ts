// The command line: its commands, options and help. Each command is a file of its own; here they only get their names.

import { Command, CommanderError } from 'commander';
import { type AdminOptions, withAdminOptions } from './admin-options.ts';
import { type ApplyCommandOptions, applyCommand, diffCommand } from './apply-command.ts';
import { type CheckCommandOptions, checkCommand } from './check-command.ts';
import type { CliApp, Surroundings } from './cli-app.ts';
import { backupCommand, restoreCommand } from './copy-commands.ts';
import { EXIT, exitCodeHelp } from './exit-codes.ts';
import { type ExportCommandOptions, exportCommand } from './export-command.ts';
import { healthCommand } from './health-command.ts';
import { keysRotateCommand } from './keys-rotate-command.ts';
import { type KmDiscoverCommandOptions, kmDiscoverCommand } from './km-discover-command.ts';
import { type KmTestCommandOptions, kmTestCommand } from './km-test-command.ts';
import { productVersion } from './product-version.ts';
import { type ServeCommandOptions, serveCommand } from './serve-command.ts';
import { pairsOption, type SettingsOptions, withSettingsOptions } from './settings-options.ts';
import { type SyncStatusCommandOptions, syncConfirmCommand, syncStatusCommand } from './sync-command.ts';
import { type TargetOptions, withTargetOptions } from './target-options.ts';
import { tokenFileOption, tokenStdinOption } from './token-options.ts';
import { validateCommand } from './validate-command.ts';

const EXAMPLES = `
Examples:
  gatehouse serve --config gatehouse.yaml --catalog catalog.yaml
  gatehouse validate --catalog catalog.yaml
  gatehouse check GET https://api.example/pizza/1.0.0/menu --token-file token.txt
  gatehouse check POST https://api.example/orders/1.0.0/orders --token-stdin --context api=orders:1.0.0 < token.txt
  gatehouse health --target unix:/run/gatehouse/gatehouse.sock
  gatehouse export > catalog.yaml
  gatehouse diff catalog.yaml
  gatehouse apply catalog.yaml --prune --dry-run
  gatehouse km test Keycloak --admin-token-file data/admin-token --token-file token.txt
  gatehouse km discover https://sso.example/realms/apim/.well-known/openid-configuration --type KeyCloak
`;

/** Runs one command; resolves to the exit code. `app` is asked for only by commands that need the whole program. */
export async function runCommandLine(
  args: readonly string[],
  app: () => Promise<CliApp>,
  around: Surroundings,
): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('gatehouse')
    .description('Envoy external authorization for organisations with many key managers')
    .version(productVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.out(text.trimEnd()),
      writeErr: (text) => around.err(text.trimEnd()),
    })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', `${EXAMPLES}\n${exitCodeHelp()}`);

  withSettingsOptions(program.command('serve'))
    .description('answer Envoy until SIGTERM or SIGINT')
    .option('--catalog-wins', 'the catalog file rules over what admins changed since it was last applied')
    .option('--strict', 'do not start with a catalog that has mistakes, even where there is state to serve')
    .action(async (options: ServeCommandOptions) => {
      code = await serveCommand(options, await app(), around, () => performance.now());
    });

  withSettingsOptions(program.command('validate'))
    .description('read settings and catalog as a start would, without listening, and tell every problem')
    .action(async (options: SettingsOptions) => {
      code = await validateCommand(options, await app(), around);
    });

  withSettingsOptions(program.command('backup'))
    .description('write a copy of the catalog, while a server uses it or not')
    .argument('<copy>', 'file that does not exist yet')
    .action(async (copy: string, options: SettingsOptions) => {
      code = await backupCommand(copy, options, await app(), around);
    });

  withSettingsOptions(program.command('restore'))
    .description('put a copy in the place of the catalog, while no server uses it')
    .argument('<copy>', 'file that backup wrote')
    .action(async (copy: string, options: SettingsOptions) => {
      code = await restoreCommand(copy, options, await app(), around);
    });

  withTargetOptions(program.command('check'))
    .description('ask a running server as Envoy would, and print the decision')
    .argument('<method>', 'HTTP method')
    .argument('<url>', 'URL that the client would call')
    .addOption(tokenFileOption())
    .addOption(tokenStdinOption())
    .addOption(pairsOption('--header <name=value>', 'request header; may be repeated'))
    .addOption(pairsOption('--context <name=value>', 'context extension of the Envoy route; may be repeated'))
    .option('--map', 'send headers as a map (without encode_raw_headers)')
    .option('--json', 'print the answer as JSON')
    .action(async (method: string, url: string, options: CheckCommandOptions) => {
      code = await checkCommand(method, url, options, around);
    });

  withTargetOptions(program.command('health'))
    .description('ask whether a running server is serving')
    .action(async (options: TargetOptions) => {
      code = await healthCommand(options, around);
    });

  withAdminOptions(program.command('export'))
    .description('print the catalog of a running server as a document, with references in the place of secrets')
    .option('--organization <name>', 'WSO2/System: the Global key managers (else that of the credential)')
    .action(async (options: ExportCommandOptions) => {
      code = await exportCommand(options, around);
    });

  withAdminOptions(program.command('diff'))
    .description('say what a catalog document would change in a running server')
    .argument('<file>', 'the document, or - for standard input')
    .option('--prune', 'count what the document has not as deleted, in the lists that it has')
    .option('--expect-revision <revision>', 'only when the catalog is at this revision')
    .action(async (file: string, options: ApplyCommandOptions) => {
      code = await diffCommand(file, options, around);
    });

  withAdminOptions(program.command('apply'))
    .description('bring a running server to what a catalog document says, as a whole or not at all')
    .argument('<file>', 'the document, or - for standard input')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--prune', 'delete what the document has not, in the lists that it has')
    .option('--allow-shrink', 'delete however much of a kind that is')
    .option('--expect-revision <revision>', 'only when the catalog is at this revision')
    .action(async (file: string, options: ApplyCommandOptions) => {
      code = await applyCommand(file, options, around);
    });

  const km = program.command('km').description('look at key managers');

  withAdminOptions(km.command('test'))
    .description('have a running server look at a key manager from end to end, and judge a token of it')
    .argument('<name>', 'name or id of the key manager')
    .addOption(tokenFileOption())
    .addOption(tokenStdinOption())
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, options: KmTestCommandOptions) => {
      code = await kmTestCommand(name, options, around);
    });

  withSettingsOptions(km.command('discover'))
    .description('print a key manager, ready to be completed and posted, from the discovery document at a URL')
    .argument('<url>', 'URL of the discovery document')
    .option('--type <type>', 'WSO2 type or preset', 'CustomKeyManager')
    .action(async (url: string, options: KmDiscoverCommandOptions) => {
      code = await kmDiscoverCommand(url, options, await app(), around);
    });

  withAdminOptions(program.command('keys').description('keys of the backend JWT').command('rotate'))
    .description('have a running server make a new key, which signs from now on')
    .action(async (options: AdminOptions) => {
      code = await keysRotateCommand(options, around);
    });

  const sync = program.command('sync').description('look at where the catalog comes from');

  withAdminOptions(sync.command('status'))
    .description('tell how the copy of a running server stands, and how far its followers are')
    .option('--json', 'print the answer as JSON')
    .action(async (options: SyncStatusCommandOptions) => {
      code = await syncStatusCommand(options, around);
    });

  withAdminOptions(sync.command('confirm'))
    .description('have a running server take a copy that it holds back since it has much less')
    .action(async (options: AdminOptions) => {
      code = await syncConfirmCommand(options, around);
    });

  program
    .command('version')
    .description('print the version')
    .action(() => around.out(productVersion()));

  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}
