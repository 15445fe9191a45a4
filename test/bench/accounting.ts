// What Linux itself keeps account of: the CPU time and memory of a process, and where the time of the whole machine went.

import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the unit of all times in /proc, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds since boot, summed over all cores. */
export interface MachineTime {
  readonly total: number;
  readonly busy: number;
  /** Taken by the hypervisor for other machines while this one had work to do. */
  readonly stolen: number;
}

/** CPU seconds of all threads of a process, in user and kernel mode (proc_pid_stat(5): utime, stime). */
export function cpuSecondsOf(pid: number): number {
  const [utime = 0, stime = 0] = statOf(pid).slice(11, 13);
  return (utime + stime) / TICKS_PER_SECOND;
}

/** CPU time that processes have used so far, by both accounts: the one that is whole and the one that is exact. */
export interface CpuTime {
  /** Of all their threads, ended ones too; counted in steps of 10 ms. */
  readonly seconds: number;
  /** Nanoseconds of each thread that is there, by its id (schedstat: the first number). */
  readonly threads: ReadonlyMap<string, number>;
}

/** Reads both. */
export function cpuTimeOf(pids: readonly number[]): CpuTime {
  const threads = new Map<string, number>();
  for (const pid of pids)
    for (const id of readdirSync(`/proc/${pid}/task`)) {
      try {
        threads.set(id, Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ', 1)[0]));
      } catch {
        // It has ended meanwhile.
      }
    }
  return { seconds: pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0), threads };
}

/** CPU seconds between two looks: exact, but where a thread has ended and taken its account along. */
export function cpuSecondsBetween(before: CpuTime, after: CpuTime): number {
  if ([...before.threads.keys()].some((id) => !after.threads.has(id))) return after.seconds - before.seconds;
  const nanoseconds = [...after.threads].reduce((sum, [id, now]) => sum + now - (before.threads.get(id) ?? 0), 0);
  return nanoseconds / 1e9;
}

/** CPU seconds of all children that have ended (cutime, cstime). */
export function cpuSecondsOfEndedChildren(): number {
  const [cutime = 0, cstime = 0] = statOf('self').slice(13, 15);
  return (cutime + cstime) / TICKS_PER_SECOND;
}

/** Resident bytes of a process (proc_pid_status(5): VmRSS). */
export function residentBytesOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Processes that a process has started and that are there (proc_pid_stat(5): ppid). */
export function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    try {
      return statOf(pid)[1] === parent;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** Reads the first line of /proc/stat (proc_stat(5)). */
export function machineTime(): MachineTime {
  const ticks = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.trim().split(/\s+/).slice(1, 9).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; guest times are within user already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks ?? [];
  const busy = user + nice + system + irq + softirq;
  return {
    total: (busy + idle + iowait + steal) / TICKS_PER_SECOND,
    busy: busy / TICKS_PER_SECOND,
    stolen: steal / TICKS_PER_SECOND,
  };
}

/** The numbers that follow the name of the program, which may itself hold spaces and brackets. */
function statOf(pid: number | 'self'): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}
