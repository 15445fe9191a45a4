// Finds RSA moduli made by the Infineon library of CVE-2017-15361 (ROCA): their primes, and so their products, are powers of 65537
// modulo every small prime. A sound modulus passes for one of them with a chance below one in 2^27.

/** The odd primes that the shortest affected key sizes are built on. */
const SMALL_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const POWERS: readonly { readonly prime: bigint; readonly residues: ReadonlySet<bigint> }[] = SMALL_PRIMES.map(
  (prime) => {
    const residues = new Set<bigint>();
    for (let power = 1; !residues.has(BigInt(power)); power = (power * 65537) % prime) residues.add(BigInt(power));
    return { prime: BigInt(prime), residues };
  },
);

/** True when the modulus has the fingerprint: its private key can be computed from it. */
export function hasRocaFingerprint(modulus: bigint): boolean {
  return POWERS.every(({ prime, residues }) => residues.has(modulus % prime));
}
