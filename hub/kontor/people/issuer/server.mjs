/**
 * Start the demo issuer:  node server.mjs --config FILE.json
 *
 * Prints one line when it is ready. Ends with 0 on SIGTERM or SIGINT, and with 2 and a sentence if it cannot start.
 */
import { parseArgs } from 'node:util';

import { makeServer } from './app.mjs';
import { ConfigError, readConfig } from './config.mjs';
import { loadKeys } from './keys.mjs';
import { makeProvider } from './provider.mjs';

const USAGE = 'Start with: node server.mjs --config FILE.json';
const GRACE = 3000;

function configFile() {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' } } });
    if (values.config) return values.config;
  } catch (error) {
    throw new ConfigError('arguments', [`${error.message} ${USAGE}`]);
  }
  throw new ConfigError('arguments', [`No configuration given. ${USAGE}`]);
}

/** A start that failed, in words; anything unforeseen keeps its trace. */
function inWords(error, config) {
  const missing = error.code === 'ERR_MODULE_NOT_FOUND' && /package '([^']+)'/.exec(error.message);
  if (error instanceof ConfigError) return error.message;
  if (missing) return `The Node package ${missing[1]} is not installed. Run "npm ci" in the folder hub/.`;
  if (error.code === 'EADDRINUSE') return `Port ${config.listen_port} on ${config.listen_host} is taken. End what listens there, or choose another listen_port.`;
  if (error.syscall === 'listen') return `Cannot listen on ${config.listen_host}:${config.listen_port} (${error.code}).`;
  return error.stack;
}

function listen(server, config) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.listen_port, config.listen_host, resolve);
  });
}

function stopOn(signals, server) {
  const stop = () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE).unref();
  };
  for (const signal of signals) process.once(signal, stop);
}

let config;
try {
  config = readConfig(configFile());
  const server = makeServer(await makeProvider(config, loadKeys(config.keys_file)), config);
  stopOn(['SIGTERM', 'SIGINT'], server);
  await listen(server, config);
  console.log(`Demo issuer ready: ${config.issuer} (listens on ${config.listen_host}:${config.listen_port})`);
} catch (error) {
  console.error(`demo issuer: ${inWords(error, config)}`);
  process.exit(2);
}
