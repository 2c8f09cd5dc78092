/* An array that plays ODX from memory: \\.\OdxDisk0 to \\.\OdxDisk3, commanded through \\.\OdxControl. */
#include "odx.h"

static const wchar_t *const names[DISKS + 1][2] = {
    {L"\\Device\\OdxDisk0", L"\\DosDevices\\OdxDisk0"},
    {L"\\Device\\OdxDisk1", L"\\DosDevices\\OdxDisk1"},
    {L"\\Device\\OdxDisk2", L"\\DosDevices\\OdxDisk2"},
    {L"\\Device\\OdxDisk3", L"\\DosDevices\\OdxDisk3"},
    {L"\\Device\\OdxControl", L"\\DosDevices\\OdxControl"},
};

/* NULL for the control device. */
static disk *disk_of(DEVICE_OBJECT *device) { return *(disk **)device->DeviceExtension; }

static NTSTATUS complete_with(IRP *irp, NTSTATUS status)
{
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI create(DEVICE_OBJECT *device, IRP *irp)
{
    disk *d = disk_of(device);
    if (d)
        InterlockedIncrement(&d->handles);
    IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext = NULL;
    IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext2 = NULL;
    irp->IoStatus.Information = 0;
    return complete_with(irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI cleanup(DEVICE_OBJECT *device, IRP *irp)
{
    disk *d = disk_of(device);
    if (d)
        requests_cancel(d, IoGetCurrentIrpStackLocation(irp)->FileObject);
    return complete_with(irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI closed(DEVICE_OBJECT *device, IRP *irp)
{
    disk *d = disk_of(device);
    if (d) {
        /* Wine sends no IRP_MJ_CLEANUP, and closes with requests still pending. */
        requests_cancel(d, IoGetCurrentIrpStackLocation(irp)->FileObject);
        InterlockedDecrement(&d->handles);
    }
    return complete_with(irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI transfer(DEVICE_OBJECT *device, IRP *irp)
{
    disk *d = disk_of(device);
    irp->IoStatus.Information = 0;
    return d ? request_arrive(d, irp) : complete_with(irp, STATUS_INVALID_DEVICE_REQUEST);
}

static NTSTATUS NTAPI flush(DEVICE_OBJECT *device, IRP *irp)
{
    (void)device;
    return complete_with(irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI control(DEVICE_OBJECT *device, IRP *irp)
{
    disk *d = disk_of(device);
    irp->IoStatus.Information = 0;
    return d ? request_arrive(d, irp) : complete_with(irp, control_command(irp));
}

static NTSTATUS add_device(DRIVER_OBJECT *driver, uint32_t index)
{
    UNICODE_STRING name, link;
    DEVICE_OBJECT *device;
    NTSTATUS status;

    RtlInitUnicodeString(&name, names[index][0]);
    RtlInitUnicodeString(&link, names[index][1]);
    status = IoCreateDevice(driver, sizeof(disk *), &name, FILE_DEVICE_DISK, 0, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    *(disk **)device->DeviceExtension = index < DISKS ? &disks[index] : NULL;
    device->Flags |= DO_BUFFERED_IO;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return IoCreateSymbolicLink(&link, &name);
}

static void NTAPI unload(DRIVER_OBJECT *driver)
{
    UNICODE_STRING link;

    requests_stop();
    for (uint32_t i = 0; i <= DISKS; i++) {
        RtlInitUnicodeString(&link, names[i][1]);
        IoDeleteSymbolicLink(&link);
    }
    while (driver->DeviceObject)
        IoDeleteDevice(driver->DeviceObject);
    log_destroy();
    tokens_destroy();
    disks_destroy();
}

NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *path)
{
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    (void)path;
    driver->MajorFunction[IRP_MJ_CREATE] = create;
    driver->MajorFunction[IRP_MJ_CLEANUP] = cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = closed;
    driver->MajorFunction[IRP_MJ_READ] = transfer;
    driver->MajorFunction[IRP_MJ_WRITE] = transfer;
    driver->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = flush;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
    /* Windows sends FSCTLs here, Wine sends both kinds to IRP_MJ_DEVICE_CONTROL. */
    driver->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = control;
    driver->DriverUnload = unload;

    if (tokens_create() && log_create() && disks_create())
        status = requests_start();
    for (uint32_t i = 0; i <= DISKS && NT_SUCCESS(status); i++)
        status = add_device(driver, i);
    if (!NT_SUCCESS(status))
        unload(driver);
    return status;
}
