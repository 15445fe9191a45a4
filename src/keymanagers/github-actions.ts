// OpenID Connect tokens of GitHub Actions workflows: a preset of `CustomKeyManager`.

import { IDENTITY_TOKENS } from './identity-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `github-actions`. */
export const GITHUB_ACTIONS: KeyManagerType = {
  ...IDENTITY_TOKENS,
  preset: 'github-actions',
  displayName: 'GitHub Actions',
  consumerKeyClaims: ['repository_id'],
  algorithms: ['RS256'],
  discovery: 'https://token.actions.githubusercontent.com/.well-known/openid-configuration',
  notes:
    'The consumer key is the repository’s id. Ask for an audience of your own; the default one names the owner only.',
  quirks: [
    {
      what: 'Names of repositories and owners can be given up and taken by others.',
      why: 'The client is the number `repository_id`, which never changes hands.',
    },
  ],
};
