// Before anything is painted, so that a chosen theme does not flash.
'use strict';
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('portcullis-theme');
  } catch {
    // Storage may be switched off; the system's theme will do.
  }
  if (chosen === 'light' || chosen === 'dark') {
    document.documentElement.dataset.theme = chosen;
  }
})();
