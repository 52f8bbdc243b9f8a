/** The mark: a stepped gable, as on the counting houses of the Hanse. */

import { LabIcon } from '@jupyterlab/ui-components';

const GABLE = 'M3 23V12h2.2V9h2.4V6H10V3h4v3h2.4v3h2.4v3H21v11h-6v-6H9v6z';

export const markIcon = new LabIcon({
  name: 'kontor:mark',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="${GABLE}"/></svg>`
});
