package serve_test

import "syscall"

// The codes of Windows Sockets, from the table "Windows Sockets Error Codes" of
// Microsoft's documentation, and those of the system that AcceptEx reports.
const (
	errorTooManyOpenFiles   = syscall.Errno(4)
	errorNotEnoughMemory    = syscall.Errno(8) // also WSA_NOT_ENOUGH_MEMORY
	errorOutOfMemory        = syscall.Errno(14)
	errorNetnameDeleted     = syscall.Errno(64)
	errorNoSystemResources  = syscall.Errno(1450)
	errorWorkingSetQuota    = syscall.Errno(1453)
	errorCommitmentLimit    = syscall.Errno(1455)
	errorNotEnoughQuota     = syscall.Errno(1816)
	wsaEACCES               = syscall.Errno(10013)
	wsaEINVAL               = syscall.Errno(10022)
	wsaEMFILE               = syscall.Errno(10024)
	wsaENOTSOCK             = syscall.Errno(10038)
	wsaENOPROTOOPT          = syscall.Errno(10042)
	wsaEPROTONOSUPPORT      = syscall.Errno(10043)
	wsaESOCKTNOSUPPORT      = syscall.Errno(10044)
	wsaEOPNOTSUPP           = syscall.Errno(10045)
	wsaENETDOWN             = syscall.Errno(10050)
	wsaENETUNREACH          = syscall.Errno(10051)
	wsaECONNABORTED         = syscall.Errno(10053)
	wsaECONNRESET           = syscall.Errno(10054)
	wsaENOBUFS              = syscall.Errno(10055)
	wsaETIMEDOUT            = syscall.Errno(10060)
	wsaEHOSTDOWN            = syscall.Errno(10064)
	wsaEHOSTUNREACH         = syscall.Errno(10065)
	wsaNotInitialised       = syscall.Errno(10093)
	wsaSystemNotReady       = syscall.Errno(10091)
	wsaInvalidHandle        = syscall.Errno(6)
	wsaOperationAborted     = syscall.Errno(995)
	wsaTryAgainOfResolution = syscall.Errno(11002)
)

var (
	wantExhaustion = []syscall.Errno{
		wsaEMFILE, wsaENOBUFS, errorTooManyOpenFiles, errorNotEnoughMemory, errorOutOfMemory,
		errorNoSystemResources, errorWorkingSetQuota, errorCommitmentLimit, errorNotEnoughQuota,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	}

	wantPerConnection = []syscall.Errno{
		errorNetnameDeleted, wsaECONNABORTED, wsaECONNRESET, wsaENETDOWN, wsaENOPROTOOPT, wsaEHOSTDOWN,
		wsaEHOSTUNREACH, wsaEOPNOTSUPP, wsaENETUNREACH, wsaESOCKTNOSUPPORT, wsaEPROTONOSUPPORT, wsaETIMEDOUT,
		syscall.EPERM, syscall.ECONNABORTED, syscall.EPROTO, syscall.ENETDOWN, syscall.ENOPROTOOPT,
		syscall.EHOSTDOWN, syscall.ENONET, syscall.EHOSTUNREACH, syscall.EOPNOTSUPP, syscall.ENETUNREACH,
		syscall.ENOSR, syscall.ESOCKTNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.ETIMEDOUT, syscall.ECONNRESET,
	}

	fatal = []syscall.Errno{
		wsaEACCES, wsaEINVAL, wsaENOTSOCK, wsaNotInitialised, wsaSystemNotReady, wsaInvalidHandle,
		wsaOperationAborted, wsaTryAgainOfResolution, syscall.EBADF, syscall.EINVAL,
	}
)
