// What Node is started with wherever the program itself is what starts it. Only flags that cannot be set later belong here.

/**
 * Half a young generation, in MiB; V8 lets it grow to 32 and keeps all three parts of it for good. Next to nothing outlives a check
 * (see collect-young.ts), however little room there is: with 16 a check costs the same, and each process takes some 70 MiB less.
 * `npm start` and the image say the same.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=16'];
