// Replays a Dockerfile without Docker: each stage is a folder, each instruction is carried out in it with the same files and
// commands. What it cannot carry out it refuses, so that a new instruction is never passed over.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** An image as far as a folder can be one. */
export interface ContainerImage {
  /** Stands for `/`. */
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
}

/** What stands in for the base image. */
export interface ContainerHost {
  /** A folder for the stages. */
  readonly folder: string;
  /** The build context: only what `.dockerignore` lets in is copied out of it. */
  readonly context: string;
  /** Put before PATH: has `node` of the base image's version. */
  readonly bin: string;
  /** Numeric id in the place of the image's user. */
  readonly uid: number;
}

interface Stage {
  root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  entrypoint: string[];
  cmd: string[];
  healthcheck: string[];
}

/** Builds the last stage. */
export function buildImage(dockerfile: string, host: ContainerHost): ContainerImage {
  const allowed = allowedFiles(readFileSync(join(host.context, '.dockerignore'), 'utf8'));
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const [instruction, rest] of instructionsOf(dockerfile)) {
    if (instruction === 'ARG') continue;
    if (instruction === 'FROM') {
      const name = / AS (\S+)$/.exec(rest)?.[1] ?? 'final';
      stage = {
        root: join(host.folder, name),
        workdir: '/',
        env: {},
        user: '',
        entrypoint: [],
        cmd: [],
        healthcheck: [],
      };
      mkdirSync(stage.root, { recursive: true });
      stages.set(name, stage);
    } else if (stage !== undefined) carryOut(instruction, rest, stage, stages, host, allowed);
  }
  if (stage === undefined) throw new Error('the Dockerfile has no FROM');
  return stage;
}

function carryOut(
  instruction: string,
  rest: string,
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  host: ContainerHost,
  allowed: ReadonlySet<string>,
): void {
  const inside = (path: string) => join(stage.root, resolve(stage.workdir, path));
  switch (instruction) {
    case 'WORKDIR':
      stage.workdir = rest;
      mkdirSync(inside('.'), { recursive: true });
      break;
    case 'ENV': {
      const [name = '', value = ''] = rest.split('=');
      stage.env[name] = value;
      break;
    }
    case 'COPY': {
      const from = /^--from=(\S+) /.exec(rest)?.[1];
      const words = rest.replace(/^--from=\S+ /, '').split(' ');
      const target = words.pop() ?? '';
      for (const source of words) {
        if (from === undefined && !allowed.has(source)) throw new Error(`.dockerignore keeps ${source} out`);
        const origin = from === undefined ? join(host.context, source) : join(stages.get(from)?.root ?? '', source);
        const name = source.split('/').at(-1) ?? '';
        cpSync(origin, target.endsWith('/') ? join(inside(target), name) : inside(target), { recursive: true });
      }
      break;
    }
    case 'RUN': {
      const command = rest
        .replaceAll(' /data', ` ${join(stage.root, 'data')}`)
        .replaceAll('node:node', `${host.uid}:${host.uid}`);
      const PATH = `${host.bin}:${process.env['PATH']}`;
      execFileSync('sh', ['-ec', command], {
        cwd: inside('.'),
        env: { ...process.env, ...stage.env, PATH },
        stdio: 'pipe',
      });
      break;
    }
    case 'USER':
      stage.user = rest;
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[];
      break;
    case 'CMD':
      stage.cmd = JSON.parse(rest) as string[];
      break;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(/ CMD (\[.*\])$/.exec(rest)?.[1] ?? '') as string[];
      break;
    case 'EXPOSE':
    case 'VOLUME':
      break;
    default:
      throw new Error(`cannot replay ${instruction}`);
  }
}

function instructionsOf(dockerfile: string): [instruction: string, rest: string][] {
  return dockerfile
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
}

function allowedFiles(dockerignore: string): ReadonlySet<string> {
  return new Set([...dockerignore.matchAll(/^!(.+)$/gm)].map(([, name = '']) => name));
}

/** A folder with `node` alone, for PATH. */
export function nodeFolder(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  cpSync(process.execPath, join(bin, 'node'));
  writeFileSync(join(bin, 'README'), 'The base image’s Node.\n');
  return bin;
}
