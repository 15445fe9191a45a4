// How gRPC calls end. Only the codes that are used here; it knows nothing of what they are used for.

/** Codes of `grpc-status` (gRPC, Status codes and their use). */
export const GRPC_STATUS = {
  OK: 0,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

/** One of {@link GRPC_STATUS}. */
type GrpcStatus = (typeof GRPC_STATUS)[keyof typeof GRPC_STATUS];

/** Why a call is refused: for `grpc-status` and `grpc-message`. */
export interface GrpcRefusal {
  readonly status: GrpcStatus;
  /** For whoever looks at the caller's log. */
  readonly details: string;
}
