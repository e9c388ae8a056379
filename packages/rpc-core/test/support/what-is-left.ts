/** Prints which sockets are open when the process is about to end, which are to be none. */
export function sayWhatIsLeft(): void {
  process.once('exit', () => {
    for (const resource of process.getActiveResourcesInfo())
      if (resource.startsWith('TCP')) console.log(resource);
  });
}
