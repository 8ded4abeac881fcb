postMessage("Ready to write.");
