// Loaded into a process with `--import`: the wall clock jumps when the file that CLOCK_OFFSET_FILE names says by how many milliseconds.
// The monotonic clock goes on as it does when an operator or NTP sets the time.

import { readFileSync, watchFile } from 'node:fs';

const POLL_MS = 20;
const file = process.env['CLOCK_OFFSET_FILE'] ?? '';
const now = Date.now.bind(Date);
let offsetMs = 0;
watchFile(file, { interval: POLL_MS, persistent: false }, () => {
  offsetMs = Number(readFileSync(file, 'utf8'));
});
Date.now = () => now() + offsetMs;
