/** The sub-path `@minitorrent/rpc-core/tls`: devices that prove who they are, and TLS as a network between them. */
export { DEVICE_ID_BYTES, deviceIdOf, formatDeviceId, isSameDevice, parseDeviceId } from './device-id.ts';
export { createIdentity, type Identity, verifySignature } from './shell/identity.ts';
export { type IdentityFileOptions, loadOrCreateIdentity } from './shell/identity-file.ts';
export { signStatement, verifyStatement } from './shell/signed-statement.ts';
export { createTlsNetwork, type TlsNetworkOptions } from './shell/tls-network.ts';
export { defaultTlsLimits, type TlsLimits } from './tls-limits.ts';
