/**
 * Memory for answers on their way out: pages that are filled from front to back and never written again, so that most
 * answers cost no memory of their own, and stay what they were for as long as they wait to be sent.
 *
 * Whoever takes an answer slowly keeps a page, so pages are small.
 */

const PAGE_BYTES = 16 * 1024;

export class OutgoingBytes {
  #page = new Uint8Array(0);
  #end = 0;

  /** So many bytes of 0, to be written once. */
  take(byteLength: number): Uint8Array {
    if (this.#page.length - this.#end < byteLength) {
      this.#page = new Uint8Array(Math.max(PAGE_BYTES, byteLength));
      this.#end = 0;
    }
    this.#end += byteLength;
    return this.#page.subarray(this.#end - byteLength, this.#end);
  }
}
