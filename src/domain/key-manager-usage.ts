// Who refers to a key manager by name, as plain facts.

/** Who would notice if the key manager were gone (WSO2 `api-usages` and `app-usages`). */
export interface KeyManagerUsage {
  readonly apis: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly organization: string;
  }[];
  readonly applications: readonly {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly organization: string;
  }[];
}
