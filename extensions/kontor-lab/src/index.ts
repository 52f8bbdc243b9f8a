/** The plugins of this extension. */

import { panelPlugin } from './plugin';

export * from './tokens';

export default [panelPlugin];
