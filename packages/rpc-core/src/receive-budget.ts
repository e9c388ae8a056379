/**
 * Memory that many connections share for what arrived and was not taken yet: begun frames and unread items.
 *
 * Each connection has its own bounds; a thousand of them at their bounds would still be too much for one process. When the
 * sum goes over, the connection that holds the most is given up: an attacker's many large holdings go before anybody's
 * small one.
 */

/** The memory of one process, or of one server. */
export interface ReceiveBudget {
  /** What all connections hold now. */
  readonly heldBytes: number;
  /** Takes part; `giveUp` must end the connection and leave. */
  join(giveUp: () => void): BudgetShare;
}

/** What one connection holds of a budget. */
export interface BudgetShare {
  /** Says how much is held now. */
  set(bytes: number): void;
  /** Gives everything back. Idempotent. */
  leave(): void;
}

interface Holder {
  bytes: number;
  readonly giveUp: () => void;
}

/** A budget of `maxBytes`. */
export function createReceiveBudget(maxBytes: number): ReceiveBudget {
  const holders = new Set<Holder>();
  let heldBytes = 0;

  function set(holder: Holder, bytes: number): void {
    if (bytes === holder.bytes || !holders.has(holder)) return;
    heldBytes += bytes - holder.bytes;
    holder.bytes = bytes;
    if (heldBytes > maxBytes) giveUpLargest();
  }

  function giveUpLargest(): void {
    let largest: Holder | undefined;
    for (const holder of holders) if (largest === undefined || holder.bytes > largest.bytes) largest = holder;
    largest?.giveUp();
  }

  return {
    get heldBytes() {
      return heldBytes;
    },
    join(giveUp) {
      const holder: Holder = { bytes: 0, giveUp };
      holders.add(holder);
      return {
        set: (bytes) => set(holder, bytes),
        leave() {
          if (holders.delete(holder)) heldBytes -= holder.bytes;
        },
      };
    },
  };
}
