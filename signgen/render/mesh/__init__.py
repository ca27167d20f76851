"""Triangle meshes to pictures on the CPU: camera, z-buffer, deferred shading, shadows; no OpenGL, no GPU."""
